-- For how long a cluster has not answered, as far as that counts for a failover; null while it answers.
ALTER TABLE "clusters" ADD COLUMN "lost_ms" INTEGER;
