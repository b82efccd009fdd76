-- Who this control plane is: in a database that was copied it finds out that it is another one.
CREATE TABLE "control_plane" (
    "one" TEXT NOT NULL DEFAULT 'self',
    "id" UUID NOT NULL,
    "body" TEXT NOT NULL,

    CONSTRAINT "control_plane_pkey" PRIMARY KEY ("one")
);

-- What is known of the Leases by which a cluster is ours.
CREATE TABLE "cluster_ownership" (
    "cluster" TEXT NOT NULL,
    "control_plane" UUID NOT NULL,
    "nonces" JSON NOT NULL,
    "takes" JSON NOT NULL,
    "is_pausing" BOOLEAN NOT NULL,
    "refused_by" JSON,
    "version" INTEGER NOT NULL,

    CONSTRAINT "cluster_ownership_pkey" PRIMARY KEY ("cluster"),
    CONSTRAINT "cluster_ownership_cluster_fkey" FOREIGN KEY ("cluster") REFERENCES "clusters"("name") ON DELETE CASCADE ON UPDATE CASCADE
);
