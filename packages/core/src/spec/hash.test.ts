import { expect, test } from "vitest";
import { contentHash, sha256Hex } from "./hash.ts";

// The first three are the vectors of FIPS 180-4; the others were computed with OpenSSL.
const VECTORS: readonly (readonly [string, string])[] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["é".repeat(55), "ecfd98061e00cb5a7c95b6d96ef39c2ee57958a1369cfd648b967d6692441dbb"],
  ["é".repeat(63), "32e30eb95ef9583ef640749cbcee91dfc9f8016cc6b5fadb3992c38f97c3fef0"],
  ["a".repeat(55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"],
  ["a".repeat(56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"],
  ["a".repeat(63), "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"],
  ["a".repeat(64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"],
  ["a".repeat(65), "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"],
  ["a".repeat(119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"],
  ["a".repeat(120), "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"],
  ["😀".repeat(33), "fc20cded8cfe476620acba02dfaa6a75e739e8d6d1849ea1fe6f515166673fd2"],
];

test.each(VECTORS)("hashes %j as OpenSSL does", (text, digest) => {
  expect(sha256Hex(text)).toBe(digest);
});

test("reads a lone surrogate as U+FFFD", () => {
  expect(sha256Hex("\ud800x")).toBe(sha256Hex("\ufffdx"));
});

test("does not depend on the order of keys, but does on the order of lists", () => {
  expect(contentHash({ a: 1, b: { c: 2, d: undefined } })).toBe(contentHash({ b: { c: 2 }, a: 1 }));
  expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
});
