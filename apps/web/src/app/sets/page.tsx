import type { Metadata } from "next";
import { SetsPage } from "#features/sets/sets-page.tsx";

export const metadata: Metadata = { title: "Sets" };

export default function SetsRoute() {
  return <SetsPage />;
}
