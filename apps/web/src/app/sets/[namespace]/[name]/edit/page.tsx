import type { Metadata } from "next";
import { Suspense } from "react";
import { EditSet } from "#features/designer/designer-page.tsx";

type Props = { readonly params: Promise<{ readonly namespace: string; readonly name: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Edit ${decodeURIComponent((await params).name)}` };
}

export default async function Page({ params }: Props) {
  const { namespace, name } = await params;
  return (
    <Suspense>
      <EditSet namespace={decodeURIComponent(namespace)} name={decodeURIComponent(name)} />
    </Suspense>
  );
}
