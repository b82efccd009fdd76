import type { Metadata } from "next";
import { ClusterPage } from "#features/cluster/cluster-page.tsx";

type ClusterRouteProps = { readonly params: Promise<{ readonly name: string }> };

export async function generateMetadata({ params }: ClusterRouteProps): Promise<Metadata> {
  return { title: decodeURIComponent((await params).name) };
}

export default async function ClusterRoute({ params }: ClusterRouteProps) {
  return <ClusterPage name={decodeURIComponent((await params).name)} />;
}
