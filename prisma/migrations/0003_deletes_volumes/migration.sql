-- Asked for with the deletion of a set: the volume claims of its pods go too.
ALTER TABLE "sets" ADD COLUMN "deletes_volumes" BOOLEAN NOT NULL DEFAULT false;
