import "../child.mjs";
import { activateRow, expireRow, given, registerInConsul, upsertRow } from "../registration.mjs";

/** Restate's handlers: a virtual object a node, its state and its deadline kept by the server. */

// The SDK asks for Node 22's.
Promise.withResolvers ??= function () {
  let settle;
  const promise = new this((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle };
};
const restate = await import("@restatedev/restate-sdk");

const node = restate.object({
  name: "node",
  handlers: {
    introspected: async (ctx, introspection) => {
      if ((await ctx.get("state")) === "active") return "active";
      await restate.RestatePromise.all([
        ctx.run("consul", () => registerInConsul(introspection)),
        ctx.run("upsert", () => upsertRow(introspection)),
      ]);
      ctx.set("state", "accepted");
      return "accepted";
    },
    acked: async (ctx) => {
      if ((await ctx.get("state")) !== "accepted") return "not accepted";
      await ctx.run("activate", () => activateRow(ctx.key));
      ctx.set("state", "active");
      const later = restate.rpc.sendOpts({ delay: given.livenessMs });
      ctx.objectSendClient({ name: "node" }, ctx.key).expired(undefined, later);
      return "active";
    },
    expired: async (ctx) => {
      await ctx.run("expire", () => expireRow(ctx.key));
      ctx.set("state", "expired");
    },
  },
});

await restate.serve({ services: [node], port: given.ports.service });
process.send("ready");
