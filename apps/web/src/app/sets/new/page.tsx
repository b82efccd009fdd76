import type { Metadata } from "next";
import { Suspense } from "react";
import { NewSet } from "#features/designer/designer-page.tsx";

export const metadata: Metadata = { title: "New set" };

export default function Page() {
  return (
    <Suspense>
      <NewSet />
    </Suspense>
  );
}
