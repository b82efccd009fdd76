-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "sets" (
    "id" UUID NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "yaml" TEXT NOT NULL,
    "spec" JSON NOT NULL,
    "generation" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "is_deleting" BOOLEAN NOT NULL DEFAULT false,
    "rollout" JSON NOT NULL,
    "revisions" JSON NOT NULL,
    "conditions" JSON NOT NULL,
    "next_due_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "groups" (
    "set_id" UUID NOT NULL,
    "index" INTEGER NOT NULL,
    "state" JSON NOT NULL,

    CONSTRAINT "groups_pkey" PRIMARY KEY ("set_id","index")
);

-- CreateTable
CREATE TABLE "clusters" (
    "name" TEXT NOT NULL,
    "kubeconfig" BYTEA NOT NULL,
    "context" TEXT,
    "is_simulated" BOOLEAN NOT NULL,
    "placement_version" INTEGER NOT NULL DEFAULT 0,
    "registered_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "clusters_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "timeline" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "set_id" UUID,
    "namespace" TEXT,
    "set_name" TEXT,
    "cluster" TEXT,
    "group_index" INTEGER,
    "incarnation" INTEGER,
    "cause" TEXT,
    "decision" TEXT NOT NULL,
    "actions" JSON NOT NULL,

    CONSTRAINT "timeline_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "leases" (
    "name" TEXT NOT NULL,
    "token" BIGINT NOT NULL,
    "holder" TEXT NOT NULL,
    "acquired_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "leases_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "sets_namespace_name_key" ON "sets"("namespace", "name");

-- CreateIndex
CREATE INDEX "timeline_namespace_set_name_id_idx" ON "timeline"("namespace", "set_name", "id");

-- AddForeignKey
ALTER TABLE "groups" ADD CONSTRAINT "groups_set_id_fkey" FOREIGN KEY ("set_id") REFERENCES "sets"("id") ON DELETE CASCADE ON UPDATE CASCADE;


