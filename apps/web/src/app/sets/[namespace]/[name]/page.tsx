import type { Metadata } from "next";
import { SetPage } from "#features/set/set-page.tsx";

type PageProps = { readonly params: Promise<{ readonly namespace: string; readonly name: string }> };

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  const { name } = await params;
  return { title: decodeURIComponent(name) };
}

export default async function Page({ params }: PageProps) {
  const { namespace, name } = await params;
  return (
    <SetPage key={`${namespace}/${name}`} namespace={decodeURIComponent(namespace)} name={decodeURIComponent(name)} />
  );
}
