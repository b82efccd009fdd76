import type { Metadata } from "next";
import { SetPage } from "#features/set/set-page.tsx";

type PageProps = {
  readonly params: Promise<{ readonly namespace: string; readonly name: string }>;
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>;
};

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  const { name } = await params;
  return { title: decodeURIComponent(name) };
}

export default async function Page({ params, searchParams }: PageProps) {
  const { namespace, name } = await params;
  const { home: asked } = await searchParams;
  const home = typeof asked === "string" ? asked : undefined;
  return (
    <SetPage
      key={`${namespace}/${name}/${home}`}
      namespace={decodeURIComponent(namespace)}
      name={decodeURIComponent(name)}
      home={home}
    />
  );
}
