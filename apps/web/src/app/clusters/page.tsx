import type { Metadata } from "next";
import { ClustersPage } from "#features/clusters/clusters-page.tsx";

export const metadata: Metadata = { title: "Clusters" };

export default function ClustersRoute() {
  return <ClustersPage />;
}
