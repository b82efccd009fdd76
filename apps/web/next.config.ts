import type { NextConfig } from "next";

const config: NextConfig = {
  transpilePackages: ["@openpatio/core"],
  poweredByHeader: false,
  devIndicators: false,
  reactStrictMode: true,
};

export default config;
