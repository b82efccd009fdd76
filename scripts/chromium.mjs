// Finds a Chromium for the browser tests, or installs Debian's when this is root on a Debian-like system.
import { existsSync } from "node:fs";
import path from "node:path";
import { run, Stop } from "./prepare.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge"];
const MAC_APPS = ["Google Chrome", "Chromium", "Microsoft Edge"].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);

function findChromium() {
  const onPath = (process.env.PATH ?? "")
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return [process.env.CHROMIUM_PATH, ...onPath, ...MAC_APPS].find((file) => file && existsSync(file)) ?? null;
}

/** Path of a Chromium that Playwright can start. */
export async function ensureChromium(report = (line) => console.log(line)) {
  const found = findChromium();
  if (found) return found;
  const canInstall = process.platform === "linux" && process.getuid() === 0 && existsSync("/usr/bin/apt-get");
  if (canInstall) {
    report("Installing Chromium for the browser tests (apt-get)…");
    const quiet = { capture: true, env: { DEBIAN_FRONTEND: "noninteractive" } };
    await run("apt-get", ["update", "-qq"], quiet);
    const { code, output } = await run(
      "apt-get",
      ["install", "-y", "-qq", "--no-install-recommends", "chromium"],
      quiet,
    );
    if (code !== 0) throw new Stop(`Chromium could not be installed:\n${output}`);
    const installed = findChromium();
    if (installed) return installed;
  }
  throw new Stop(
    "The browser tests need Chromium or Chrome.\nInstall one (Debian, Ubuntu: sudo apt-get install chromium) or name it: CHROMIUM_PATH=/path/to/chrome npm test",
  );
}
