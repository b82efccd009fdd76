-- What becomes of the groups of a cluster that is being removed; null for one that stays.
ALTER TABLE "clusters" ADD COLUMN "removal" TEXT;
