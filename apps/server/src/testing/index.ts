export { createTestDatabase } from "./test-database.ts";
export { createTestServer, RefusedCall, type TestServer, type TestServerOptions } from "./test-server.ts";
