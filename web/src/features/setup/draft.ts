/** What the wizard asks for. */
export interface Draft {
  operator: string;
  signIn: "password" | "token";
  password: string;
  passwordAgain: string;
  passphrase: string;
  passphraseAgain: string;
}

export const EMPTY: Draft = {
  operator: "owner",
  signIn: "password",
  password: "",
  passwordAgain: "",
  passphrase: "",
  passphraseAgain: "",
};

export type Errors = Partial<Record<keyof Draft, string>>;

export function checkOperatorName(name: string): string | undefined {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return undefined;
  return "A name has 1 to 64 characters from A-Z a-z 0-9 . _ - and starts with a letter or digit.";
}
