import { expect, it } from "vitest";
import { changedFiles } from "../../src/pages/run/code/changes";

it("A diff of git is told file by file, with what was added and removed", () => {
  const text = [
    "diff --git a/train.py b/train.py",
    "index 1..2 100644",
    "--- a/train.py",
    "+++ b/train.py",
    "@@ -1,3 +1,3 @@ def main():",
    " one",
    "-two",
    "+2",
    " three",
    "diff --git a/new name.md b/new name.md",
    "new file mode 100644",
    "--- /dev/null",
    "+++ b/new name.md",
    "@@ -0,0 +1 @@",
    "+# Title",
    "diff --git a/picture.png b/picture.png",
    "Binary files a/picture.png and b/picture.png differ",
    "",
  ].join("\n");
  expect(changedFiles(text).map(({ path, added, removed }) => [path, added, removed])).toEqual([
    ["train.py", 1, 1],
    ["new name.md", 1, 0],
    ["picture.png", 0, 0],
  ]);
});

it("A line that looks like a heading is what its hunk says it is", () => {
  const text = ["--- run_1/a.sql", "+++ run_2/a.sql", "@@ -1,2 +1,2 @@", "--- a comment", "+++ counted", " @@ -1 +1 @@", "\\ No newline at end of file"].join(
    "\n",
  );
  const [file, ...others] = changedFiles(text);
  expect(others).toEqual([]);
  expect([file?.path, file?.added, file?.removed]).toEqual(["a.sql", 1, 1]);
  expect(file?.looks).toEqual(["is-about", "is-about", "is-place", "is-gone", "is-new", "", ""]);
});

it("Files of `diff -u` that follow each other are told apart, also one that is gone and one that is no text", () => {
  const text = [
    "--- run_1/a/b.py",
    "+++ /dev/null",
    "@@ -1 +0,0 @@",
    "-gone",
    "--- run_1/c.py",
    "+++ run_2/c.py",
    "@@ -1 +1 @@",
    "-x",
    "+y",
    "the file weights.bin differs, and is no text that can be shown",
    "--- run_1/d.py",
    "+++ run_2/d.py",
    "@@ -1 +1,2 @@",
    " x",
    "+y",
  ].join("\n");
  expect(changedFiles(text).map((one) => one.path)).toEqual(["a/b.py", "c.py", "weights.bin", "d.py"]);
});

it("Of no changes there are no files", () => {
  expect(changedFiles("")).toEqual([]);
});
