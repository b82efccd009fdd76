import type { Metadata } from "next";
import { EditSet } from "#features/designer/edit-set.tsx";

type Props = { readonly params: Promise<{ readonly namespace: string; readonly name: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Edit ${decodeURIComponent((await params).name)}` };
}

export default async function Page({ params }: Props) {
  const { namespace, name } = await params;
  return <EditSet namespace={decodeURIComponent(namespace)} name={decodeURIComponent(name)} />;
}
