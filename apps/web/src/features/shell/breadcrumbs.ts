import { clusterPath, setPath } from "#lib/paths.ts";

export type Crumb = { readonly label: string; readonly href: string | null; readonly isName: boolean };

const PAGES: Readonly<Record<string, string>> = {
  sets: "Sets",
  clusters: "Clusters",
  activity: "Activity",
  settings: "Settings",
};

/** Where a path is, from the outermost page inward. The last crumb is the page itself. `home`: of the set, as in its address. */
export function crumbsOf(path: string, home: string | null = null): readonly Crumb[] {
  const [page = "", first, second, third] = path.split("/").slice(1).map(decodeSegment);
  if (page === "") return [{ label: "Overview", href: "/", isName: false }];
  const crumbs: Crumb[] = [{ label: PAGES[page] ?? page, href: `/${page}`, isName: false }];
  if (page === "clusters" && first !== undefined) {
    crumbs.push({ label: first, href: clusterPath(first), isName: true });
  }
  if (page === "sets" && first === "new") crumbs.push({ label: "New set", href: "/sets/new", isName: false });
  else if (page === "sets" && first !== undefined) {
    crumbs.push({ label: first, href: `/sets?namespace=${encodeURIComponent(first)}`, isName: false });
    if (second !== undefined)
      crumbs.push({ label: second, href: setPath({ namespace: first, name: second, home }), isName: true });
    if (third === "edit") crumbs.push({ label: "Edit", href: null, isName: false });
  }
  return crumbs;
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
