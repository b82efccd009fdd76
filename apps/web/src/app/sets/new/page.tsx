import type { Metadata } from "next";
import { Suspense } from "react";
import { Designer } from "#features/designer/designer.tsx";

export const metadata: Metadata = { title: "New set" };

export default function Page() {
  return (
    <Suspense>
      <Designer stored={null} />
    </Suspense>
  );
}
