import { procedure, router } from "../trpc/init.ts";

export const systemRouter = router({
  info: procedure.query(({ ctx }) => ctx.services.system.info()),
});
