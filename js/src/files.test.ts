import { describe, expect, it } from "vitest";
import { decode } from "./decode";
import { inert, toCsv, toJson } from "./files";
import { MemoryHost } from "./memory";
import { picture } from "./picture";
import { pack, words } from "./testing/pack";

const OPTIONS = { unit: "token", folded: false, similarity: "cosine" } as const;
const MATRIX = [0.1, -0.25, 1e-7, 0, 0.30000001192092896, 2].map(Math.fround);

function table(bytes: Uint8Array): string[][] {
  const lines = toCsv(picture(decode(bytes), OPTIONS))
    .trimEnd()
    .split("\n");
  return lines.map((line) => line.split(","));
}

describe("the table of pairs", () => {
  it("has a row for each pair, with the number that Python wrote", () => {
    const bytes = pack({ matrix: MATRIX });
    const [head, ...rows] = table(bytes);
    expect(head?.slice(0, 4)).toEqual(["a", "b", "index_a", "index_b"]);
    expect(rows.map((row) => Math.fround(Number(row[9])))).toEqual(MATRIX);
    expect(rows[0]?.slice(0, 10)).toEqual("the,a,0,0,0,3,0,1,False,0.1".split(","));
    const score = decode(bytes).ledger.score;
    expect(Number(rows[5]?.[10])).toBeCloseTo(2 / score, 12);
  });

  it("leaves places empty that special tokens do not have, and says that they are special", () => {
    const [, first] = table(pack({ rows: words("cat", true), columns: words("dog") }));
    expect(first?.slice(0, 9)).toEqual("[CLS],dog,0,0,,,0,3,True".split(","));
  });

  it("counts places by code points, as Python does", () => {
    const [, , second] = table(
      pack({
        header: { text_a: "😀😀 cat" },
        rows: [
          ["😀😀", 0, 2, "text", [0]],
          ["cat", 3, 6, "text", [1]],
        ],
        columns: words("dog"),
      }),
    );
    expect(second?.slice(4, 6)).toEqual(["3", "6"]);
  });

  it.each([
    ["kitten", "kitten"],
    ["=1+1", "'=1+1"],
    ["  +1", "'  +1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ["\rx", '"\'\rx"'],
    ['a "b", c', '"a ""b"", c"'],
    ["\u202ex\x1b", "⟨RLO⟩x␛"],
    ["a-b", "a-b"],
  ])("writes %j as %j", (text, cell) => {
    expect(inert(text)).toBe(cell);
  });
});

describe("all numbers", () => {
  it("are the header as Python wrote it, and the arrays as nested lists", () => {
    const found = JSON.parse(toJson(pack({ matrix: MATRIX })));
    expect(found.text_a).toBe("the cat");
    expect(found.arrays.matrix).toEqual([
      [0.1, -0.25, 1e-7],
      [0, 0.3, 2],
    ]);
    expect(found.arrays.effects_a.map(Math.fround)).toEqual(
      Array.from(decode(pack({ matrix: MATRIX })).effectsA ?? []),
    );
  });
});

describe("a page", () => {
  it.each(["csv", "json"])("makes its own %s file", (format) => {
    const result = { settings: {}, bytes: pack(), other: new Uint8Array() };
    const host = new MemoryHost({ unit: "token" }, [result]);
    const heard: unknown[] = [];
    host.on("msg:custom", (content: unknown, buffers: unknown) => heard.push(content, buffers));
    host.send({ id: 3, kind: "export", format });
    expect(heard[0]).toMatchObject({ id: 3, ok: true, name: `siamviz.${format}` });
    const [bytes] = heard[1] as Uint8Array[];
    expect(new TextDecoder().decode(bytes)).toContain("effect");
  });
});
