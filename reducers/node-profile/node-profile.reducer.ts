import { ProfileState } from "../../contracts/node-profile/messages/profile.ts";
import { type ReducerContext, reducer } from "../../runtime/core/reducer.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";

type Changed = ReducerContext<Pick<ProfileState, "config"> & { readonly by: string }, ProfileState>;

export const nodeProfileReducer = reducer(
  ProfileState,
  {
    keep_profile: ({ created_at }, { payload: { config, by }, now }: Changed) => {
      const at = toRfc3339(now);
      return { config, changed_by: by, created_at: created_at ?? at, updated_at: at };
    },
  },
  {},
);
