// Zero-width joiners hold emoji together; every other invisible character hides in a name.
const printable = /^(?:[^\p{C}\p{Zl}\p{Zp}]|\u200d)+$/u

/** Whether a user may have this name: 1 to 64 characters that can be seen. Needs no Node. */
export const isUserName = (name: string): boolean =>
  printable.test(name) && name.trim() !== '' && [...name].length <= 64
