"use client";

import type { AppRouter } from "@openpatio/server/router";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createTRPCClient,
  createWSClient,
  httpLink,
  splitLink,
  type TRPCClient,
  type TRPCWebSocketClient,
  wsLink,
} from "@trpc/client";
import { createTRPCContext } from "@trpc/tanstack-react-query";
import { type ReactNode, useState } from "react";

const context = createTRPCContext<AppRouter>();

/** Options for react-query: `useQuery(useTRPC().sets.get.queryOptions({ namespace, name }))`. */
export const useTRPC = context.useTRPC;
/** The plain client: `await useTRPCClient().sets.scale.mutate({ … })`. */
export const useTRPCClient = context.useTRPCClient;

export type ApiClient = TRPCClient<AppRouter>;

let socket: TRPCWebSocketClient | null = null;
let client: ApiClient | null = null;

/** The one WebSocket of this tab. Browser only. */
export function apiSocket(): TRPCWebSocketClient {
  socket ??= createWSClient({
    url: () => `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`,
    retryDelayMs: (attempt) => Math.min(500 * 2 ** attempt, 5_000),
    // A connection that died without a word (sleep, cable) is noticed after this.
    keepAlive: { enabled: true, intervalMs: 5_000, pongTimeoutMs: 3_000 },
  });
  return socket;
}

/** The one API client of this tab. Queries and mutations go over HTTP, subscriptions over the WebSocket. */
export function apiClient(): ApiClient {
  if (client !== null) return client;
  // A definition does not fit into a URL, so queries are sent by POST too.
  const http = httpLink({ url: "/api/trpc", methodOverride: "POST" });
  // While a page is rendered on the server nothing is asked for, and there is no WebSocket.
  if (typeof window === "undefined") return createTRPCClient<AppRouter>({ links: [http] });
  client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: wsLink({ client: apiSocket() }),
        false: http,
      }),
    ],
  });
  return client;
}

export function ApiProvider({ children }: { readonly children: ReactNode }) {
  const [queryClient] = useState(
    () =>
      new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, staleTime: 5_000 } } }),
  );
  const [trpcClient] = useState(apiClient);
  return (
    <QueryClientProvider client={queryClient}>
      <context.TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        {children}
      </context.TRPCProvider>
    </QueryClientProvider>
  );
}
