/** A release can't be made as things are: `message` says what is wrong, `remedy` what to do about it. */
export class Refused extends Error {
  constructor(message, remedy) {
    super(message);
    this.name = "Refused";
    this.remedy = remedy;
  }
}

/** The command line makes no sense. */
export class Misused extends Error {}
