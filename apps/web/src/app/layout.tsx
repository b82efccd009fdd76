import "@fontsource-variable/geist-mono/wght.css";
import "@fontsource-variable/inter/wght.css";
import "../styles/tokens.css";
import "../styles/base.css";
import type { Metadata, Viewport } from "next";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { AppShell } from "#features/shell/app-shell.tsx";
import { parseTheme, THEME_COOKIE } from "#lib/theme-cookie.ts";
import { ApiProvider } from "#lib/trpc.tsx";
import { Toaster } from "#ui/toaster.tsx";

export const metadata: Metadata = {
  title: { default: "OpenPatio", template: "%s · OpenPatio" },
  description: "The web control plane for multi-role LLM inference on Kubernetes",
};

export const viewport: Viewport = { width: "device-width", initialScale: 1, colorScheme: "light dark" };

export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const theme = parseTheme((await cookies()).get(THEME_COOKIE)?.value);
  return (
    <html lang="en" data-theme={theme === "system" ? undefined : theme}>
      <body>
        <ApiProvider>
          <AppShell>{children}</AppShell>
          <Toaster />
        </ApiProvider>
      </body>
    </html>
  );
}
