import type { ReactNode } from "react";
import styles from "./app-shell.module.css";
import { MainRegion } from "./main-region.tsx";
import { SideBar } from "./side-bar.tsx";
import { TopBar } from "./top-bar.tsx";

/** What every page stands in: navigation, bread crumbs, search, state of the connection. */
export function AppShell({ children }: { readonly children: ReactNode }) {
  return (
    <>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <div className={styles.app}>
        <SideBar />
        <TopBar />
        <MainRegion>{children}</MainRegion>
      </div>
    </>
  );
}
