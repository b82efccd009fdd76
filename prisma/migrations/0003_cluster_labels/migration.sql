-- Sets may choose clusters by their labels.
ALTER TABLE "clusters" ADD COLUMN "labels" JSON NOT NULL DEFAULT '{}';
