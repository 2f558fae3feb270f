import { ProfileChanged, type ProfileState, SetProfile } from "../../contracts/node-profile/messages/profile.ts";
import { handlersOf, nothing } from "../../runtime/core/handler.ts";

export const HandlerSetProfile = handlersOf<ProfileState>()(
  SetProfile,
  {},
  {
    set: ({ message: { payload }, entity }) =>
      entity.isLive && JSON.stringify(entity.data.config) === JSON.stringify(payload.config)
        ? nothing("it is so already")
        : [ProfileChanged.of({ config: payload.config, by: payload.by })],
  },
);
