const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What is wrong with the name of a thing, in words. */
export function checkName(name: string): string | undefined {
  if (name === "") return "A name is needed";
  if (NAME.test(name)) return undefined;
  return "1 to 64 characters from A-Z a-z 0-9 . _ - that begin with a letter or digit";
}
