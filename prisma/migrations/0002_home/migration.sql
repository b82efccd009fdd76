-- A set applied with kubectl is told from others of its name by the cluster that it was applied to.
ALTER TABLE "sets" ADD COLUMN "home" TEXT NOT NULL DEFAULT '', ADD COLUMN "resource" JSON;
ALTER TABLE "timeline" ADD COLUMN "home" TEXT NOT NULL DEFAULT '';

DROP INDEX "sets_namespace_name_key";
CREATE UNIQUE INDEX "sets_namespace_name_home_key" ON "sets"("namespace", "name", "home");
