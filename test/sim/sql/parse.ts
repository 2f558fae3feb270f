/** The part of Postgres' SQL that the project's statements use, as a tree. What is not known here is said by name. */
export type Expr =
  | { readonly k: "param"; readonly n: number }
  | { readonly k: "literal"; readonly value: string | number | boolean | null }
  | { readonly k: "column"; readonly table: string | undefined; readonly name: string }
  | { readonly k: "cast"; readonly of: Expr; readonly type: string }
  | { readonly k: "binary"; readonly op: string; readonly left: Expr; readonly right: Expr }
  | { readonly k: "not" | "negative"; readonly of: Expr }
  | { readonly k: "isNull"; readonly of: Expr; readonly not: boolean }
  | { readonly k: "any"; readonly op: string; readonly left: Expr; readonly array: Expr; readonly all: boolean }
  /** Only to the left of `in` and a select. */
  | { readonly k: "row"; readonly of: readonly Expr[] }
  | { readonly k: "in"; readonly left: Expr; readonly list: readonly Expr[] | Select; readonly not: boolean }
  | {
      readonly k: "call";
      readonly name: string;
      readonly args: readonly Expr[];
      readonly filter: Expr | undefined;
      readonly over?: Window | undefined;
    }
  | { readonly k: "case"; readonly whens: readonly (readonly [Expr, Expr])[]; readonly otherwise: Expr | undefined }
  | { readonly k: "exists"; readonly query: Select }
  | { readonly k: "subquery"; readonly query: Select }
  | { readonly k: "star"; readonly table: string | undefined };

/** Of an aggregate over the rows of a partition, up to the row that it is told for and its peers. */
interface Window {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: Select["orderBy"];
}
export interface Output {
  readonly expr: Expr;
  readonly name: string;
}
export type Source = {
  readonly alias: string;
  /** Of a join; its first source has none. */
  readonly on?: Expr;
  readonly left?: boolean;
} & (
  | { readonly kind: "table"; readonly table: string }
  | { readonly kind: "unnest"; readonly arrays: readonly Expr[]; readonly columns: readonly string[] }
  /** Lateral: it may speak of the sources before it. */
  | { readonly kind: "select"; readonly query: Select; readonly lateral: boolean }
);
export interface Select {
  readonly kind: "select";
  readonly with: readonly { readonly name: string; readonly statement: Statement }[];
  readonly distinct: boolean;
  readonly outputs: readonly Output[];
  readonly from: readonly Source[];
  readonly where: Expr | undefined;
  readonly groupBy: readonly Expr[];
  readonly having: Expr | undefined;
  readonly orderBy: readonly { readonly expr: Expr; readonly descending: boolean }[];
  readonly limit: Expr | undefined;
  /** Behind a limit. */
  readonly offset: Expr | undefined;
  readonly forUpdate: boolean;
  readonly union: Select | undefined;
}
type Assignments = readonly (readonly [column: string, expr: Expr])[];
export interface Insert {
  readonly kind: "insert";
  readonly with: Select["with"];
  readonly table: string;
  readonly alias: string;
  readonly columns: readonly string[];
  readonly source: Select | readonly (readonly Expr[])[];
  readonly conflict:
    | { readonly columns: readonly string[]; readonly set: Assignments | undefined; readonly where: Expr | undefined }
    | undefined;
  readonly returning: readonly Output[];
}
export interface Update {
  readonly kind: "update";
  readonly with: Select["with"];
  readonly table: string;
  readonly alias: string;
  readonly set: Assignments;
  readonly from: readonly Source[];
  readonly where: Expr | undefined;
  readonly returning: readonly Output[];
}
export interface Delete {
  readonly kind: "delete";
  readonly with: Select["with"];
  readonly table: string;
  readonly alias: string;
  readonly from: readonly Source[];
  readonly where: Expr | undefined;
  readonly returning: readonly Output[];
}
export type Statement = Select | Insert | Update | Delete;

interface Token {
  readonly kind: "word" | "quoted" | "text" | "number" | "param" | "sign" | "end";
  readonly text: string;
}
const TOKEN = new RegExp(
  [
    /\s+|--[^\n]*/,
    /(?<word>[A-Za-z_][A-Za-z0-9_]*)|"(?<quoted>[^"]+)"|'(?<text>(?:[^']|'')*)'/,
    /\$(?<param>\d+)|(?<number>\d+(?:\.\d+)?)/,
    /(?<sign>::|->>|->|<=|>=|<>|!=|\|\||[-+*/%=<>(),.;[\]])/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gy",
);

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (!groups) throw new Error(`SQL that the simulation can't read at: ${text.slice(at, at + 40)}`);
    for (const kind of ["word", "quoted", "text", "number", "param", "sign"] as const) {
      const value = groups[kind];
      if (value !== undefined)
        found.push({
          kind,
          text: kind === "word" ? value.toLowerCase() : kind === "text" ? value.replaceAll("''", "'") : value,
        });
    }
  }
  return [...found, { kind: "end", text: "" }];
}

/** Words that end an expression or an alias. */
const RESERVED = new Set(
  [
    "from where group order limit offset for on join left inner cross union returning set do using as and or not is in",
    "having values select when then else end conflict asc desc nulls collate between like skip with offset filter",
  ].flatMap((words) => words.split(" ")),
);
const COMPARISONS = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);

export function parse(text: string): Statement {
  return new Parser(tokens(text)).whole();
}

export function parseExpr(text: string): Expr {
  return new Parser(tokens(text)).expr();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(found: readonly Token[]) {
    this.#tokens = found;
  }

  whole(): Statement {
    const statement = this.#statement();
    this.#take(";");
    if (this.#peek().kind !== "end") this.#refuse();
    return statement;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: "end", text: "" };
  }
  #is(...words: readonly string[]): boolean {
    return words.every((word, i) => {
      const { kind, text } = this.#peek(i);
      return (kind === "word" || kind === "sign") && text === word;
    });
  }
  #take(...words: readonly string[]): boolean {
    if (!this.#is(...words)) return false;
    this.#at += words.length;
    return true;
  }
  #need(...words: readonly string[]): void {
    if (!this.#take(...words)) this.#refuse(words.join(" "));
  }
  #refuse(wanted = "something else"): never {
    const near = this.#tokens.slice(Math.max(0, this.#at - 6), this.#at + 6).map(({ text }) => text);
    throw new Error(`SQL that the simulation can't read: wanted ${wanted} near: ${near.join(" ")}`);
  }
  #name(): string {
    const token = this.#peek();
    if (token.kind !== "word" && token.kind !== "quoted") this.#refuse("a name");
    this.#at++;
    return token.text;
  }
  /** The schema's name is left out: there is one. */
  #table(): string {
    const name = this.#name();
    return this.#take(".") ? this.#name() : name;
  }
  #names(): string[] {
    this.#need("(");
    const found = this.#list(() => this.#name());
    this.#need(")");
    return found;
  }
  #list<Item>(item: () => Item): Item[] {
    const found = [item()];
    while (this.#take(",")) found.push(item());
    return found;
  }
  #alias(otherwise: string): string {
    if (this.#take("as")) return this.#name();
    const { kind, text } = this.#peek();
    return kind === "quoted" || (kind === "word" && !RESERVED.has(text)) ? this.#name() : otherwise;
  }

  #statement(): Statement {
    const ctes: { name: string; statement: Statement }[] = [];
    if (this.#take("with"))
      do {
        const name = this.#name();
        this.#need("as");
        this.#take("materialized");
        this.#need("(");
        ctes.push({ name, statement: this.#statement() });
        this.#need(")");
      } while (this.#take(","));
    if (this.#is("select")) return this.#select(ctes);
    if (this.#take("insert", "into")) return this.#insert(ctes);
    if (this.#take("update")) return this.#update(ctes);
    if (this.#take("delete", "from")) return this.#delete(ctes);
    return this.#refuse("a statement");
  }

  #select(ctes: Select["with"] = []): Select {
    this.#need("select");
    const distinct = this.#take("distinct");
    const outputs = this.#outputs();
    const from = this.#take("from") ? this.#sources() : [];
    const where = this.#take("where") ? this.expr() : undefined;
    const groupBy = this.#take("group", "by") ? this.#list(() => this.expr()) : [];
    const having = this.#take("having") ? this.expr() : undefined;
    const union = this.#take("union", "all") ? this.#select() : undefined;
    const orderBy = this.#take("order", "by") ? this.#list(() => this.#ordering()) : [];
    const limit = this.#take("limit") ? this.expr() : undefined;
    const offset = this.#take("offset") ? this.expr() : undefined;
    const forUpdate = this.#take("for", "update");
    if (forUpdate && this.#take("of")) this.#name();
    return {
      kind: "select",
      with: ctes,
      distinct,
      outputs,
      from,
      where,
      groupBy,
      having,
      orderBy,
      limit,
      offset,
      forUpdate,
      union,
    };
  }

  #ordering() {
    const expr = this.expr();
    const descending = this.#take("desc");
    if (!descending) this.#take("asc");
    return { expr, descending };
  }

  #outputs(): Output[] {
    return this.#list(() => {
      if (this.#take("*")) return { expr: { k: "star", table: undefined }, name: "*" } as const;
      if (this.#peek().kind === "word" && this.#peek(1).text === "." && this.#peek(2).text === "*") {
        const table = this.#name();
        this.#at += 2;
        return { expr: { k: "star", table }, name: "*" } as const;
      }
      const expr = this.expr();
      return { expr, name: this.#alias(nameOf(expr)) };
    });
  }

  #sources(): Source[] {
    const found = [this.#source()];
    for (;;) {
      if (this.#take(",") || this.#take("cross", "join")) found.push(this.#source());
      else {
        const left = this.#take("left", "join");
        if (!left && !this.#take("join") && !this.#take("inner", "join")) return found;
        const source = this.#source();
        this.#need("on");
        found.push({ ...source, on: this.expr(), left });
      }
    }
  }

  #source(): Source {
    const lateral = this.#take("lateral");
    if (this.#take("(")) {
      const query = this.#statement();
      if (query.kind !== "select") this.#refuse("a select");
      this.#need(")");
      return { kind: "select", query, lateral, alias: this.#alias("") };
    }
    const isSeries = this.#is("generate_series", "(");
    if (isSeries || this.#is("unnest", "(")) {
      const name = this.#name();
      this.#need("(");
      const args = this.#list(() => this.expr());
      this.#need(")");
      const arrays: readonly Expr[] = isSeries ? [{ k: "call", name, args, filter: undefined }] : args;
      const alias = this.#alias(name);
      return {
        kind: "unnest",
        arrays,
        alias,
        columns: this.#is("(") ? this.#names() : arrays.map((_, i) => (i === 0 ? alias : `${alias} ${i}`)),
      };
    }
    const table = this.#table();
    return { kind: "table", table, alias: this.#alias(table) };
  }

  #insert(ctes: Select["with"]): Insert {
    const table = this.#table();
    const alias = this.#alias(table);
    const columns = this.#names();
    const source = this.#take("values")
      ? this.#list(() => {
          this.#need("(");
          const row = this.#list(() => this.expr());
          this.#need(")");
          return row;
        })
      : this.#select();
    const conflict = this.#take("on", "conflict") ? this.#conflict() : undefined;
    return { kind: "insert", with: ctes, table, alias, columns, source, conflict, returning: this.#returning() };
  }

  #conflict(): Insert["conflict"] {
    const columns = this.#is("(") ? this.#names() : [];
    this.#need("do");
    if (this.#take("nothing")) return { columns, set: undefined, where: undefined };
    this.#need("update", "set");
    return { columns, set: this.#assignments(), where: this.#take("where") ? this.expr() : undefined };
  }

  #assignments(): Assignments {
    return this.#list(() => {
      const column = this.#name();
      this.#need("=");
      return [column, this.expr()] as const;
    });
  }

  #returning(): Output[] {
    return this.#take("returning") ? this.#outputs() : [];
  }

  #update(ctes: Select["with"]): Update {
    const table = this.#table();
    const alias = this.#alias(table);
    this.#need("set");
    const set = this.#assignments();
    const from = this.#take("from") ? this.#sources() : [];
    const where = this.#take("where") ? this.expr() : undefined;
    return { kind: "update", with: ctes, table, alias, set, from, where, returning: this.#returning() };
  }

  #delete(ctes: Select["with"]): Delete {
    const table = this.#table();
    const alias = this.#alias(table);
    const from = this.#take("using") ? this.#sources() : [];
    const where = this.#take("where") ? this.expr() : undefined;
    return { kind: "delete", with: ctes, table, alias, from, where, returning: this.#returning() };
  }

  expr(): Expr {
    let left = this.#conjunction();
    while (this.#take("or")) left = { k: "binary", op: "or", left, right: this.#conjunction() };
    return left;
  }
  #conjunction(): Expr {
    let left = this.#negation();
    while (this.#take("and")) left = { k: "binary", op: "and", left, right: this.#negation() };
    return left;
  }
  #negation(): Expr {
    return this.#take("not") ? { k: "not", of: this.#negation() } : this.#comparison();
  }

  #comparison(): Expr {
    let left = this.#concatenation();
    for (;;) {
      const { text, kind } = this.#peek();
      if (this.#take("is")) {
        const not = this.#take("not");
        if (this.#take("distinct", "from"))
          left = { k: "binary", op: not ? "not distinct" : "distinct", left, right: this.#concatenation() };
        else {
          this.#need("null");
          left = { k: "isNull", of: left, not };
        }
      } else if (this.#is("in") || this.#is("not", "in")) left = this.#in(left, this.#take("not"));
      else if (this.#take("between")) {
        const low = this.#concatenation();
        this.#need("and");
        const high = this.#concatenation();
        const [above, below] = [
          { k: "binary", op: ">=", left, right: low },
          { k: "binary", op: "<=", left, right: high },
        ] as const;
        left = { k: "binary", op: "and", left: above, right: below };
      } else if (kind === "sign" && COMPARISONS.has(text)) {
        this.#at++;
        const all = this.#is("all", "(");
        if (all || this.#is("any", "(")) {
          this.#at += 2;
          left = { k: "any", op: text, left, array: this.expr(), all };
          this.#need(")");
        } else left = { k: "binary", op: text, left, right: this.#concatenation() };
      } else return left;
    }
  }
  #in(left: Expr, not: boolean): Expr {
    this.#need("in", "(");
    const list = this.#is("select") ? this.#select() : this.#list(() => this.expr());
    this.#need(")");
    return { k: "in", left, list, not };
  }
  #concatenation(): Expr {
    let left = this.#sum();
    for (const op of ["||"]) while (this.#take(op)) left = { k: "binary", op, left, right: this.#sum() };
    return left;
  }
  #sum(): Expr {
    let left = this.#product();
    while (this.#is("+") || this.#is("-")) left = { k: "binary", op: this.#next(), left, right: this.#product() };
    return left;
  }
  #product(): Expr {
    let left = this.#postfix();
    while (this.#is("*") || this.#is("/") || this.#is("%"))
      left = { k: "binary", op: this.#next(), left, right: this.#postfix() };
    return left;
  }
  #next(): string {
    return this.#tokens[this.#at++]?.text ?? "";
  }
  #postfix(): Expr {
    let of = this.#primary();
    for (;;) {
      if (this.#take("::")) of = { k: "cast", of, type: this.#type() };
      else if (this.#is("->") || this.#is("->>"))
        of = { k: "binary", op: this.#next(), left: of, right: this.#primary() };
      else if (this.#take("collate")) this.#name();
      else return of;
    }
  }
  #type(): string {
    let type = this.#name();
    if (type === "double") type = this.#name();
    return this.#take("[", "]") ? `${type}[]` : type;
  }

  #primary(): Expr {
    const { kind, text } = this.#peek();
    if (kind === "sign") {
      if (this.#take("-")) return { k: "negative", of: this.#postfix() };
      this.#need("(");
      const query = this.#is("select") ? this.#select() : undefined;
      const of = query ? [{ k: "subquery", query } as const] : this.#list(() => this.expr());
      this.#need(")");
      return of.length === 1 ? (of[0] as Expr) : { k: "row", of };
    }
    this.#at++;
    if (kind === "param") return { k: "param", n: Number(text) - 1 };
    if (kind === "number") return { k: "literal", value: Number(text) };
    if (kind === "text") return { k: "literal", value: text };
    if (kind === "quoted") return { k: "column", table: undefined, name: text };
    if (kind === "word") return this.#word(text);
    return this.#refuse("an expression");
  }

  #word(word: string): Expr {
    if (word === "null") return { k: "literal", value: null };
    if (word === "true" || word === "false") return { k: "literal", value: word === "true" };
    if (word === "case") return this.#case();
    if (word === "interval") return { k: "cast", of: { k: "literal", value: this.#next() }, type: "interval" };
    if (word === "exists") {
      this.#need("(");
      const query = this.#select();
      this.#need(")");
      return { k: "exists", query };
    }
    if (word === "cast") {
      this.#need("(");
      const of = this.expr();
      this.#need("as");
      const type = this.#type();
      this.#need(")");
      return { k: "cast", of, type };
    }
    if (word === "extract") {
      this.#need("(", "epoch", "from");
      const args = [this.expr()];
      this.#need(")");
      return { k: "call", name: "epoch", args, filter: undefined };
    }
    if (this.#take("(")) return this.#call(word);
    if (!this.#take(".")) return { k: "column", table: undefined, name: word };
    const name = this.#name();
    // A function's schema is left out: there is one.
    return this.#take("(") ? this.#call(name) : { k: "column", table: word, name };
  }
  #call(name: string): Expr {
    if (this.#take("*", ")")) return { k: "call", name, args: [], filter: this.#filter() };
    const args = this.#is(")") ? [] : this.#list(() => this.expr());
    this.#need(")");
    return { k: "call", name, args, filter: this.#filter(), over: this.#over() };
  }
  #over(): Window | undefined {
    if (!this.#take("over", "(")) return undefined;
    const partitionBy = this.#take("partition", "by") ? this.#list(() => this.expr()) : [];
    const orderBy = this.#take("order", "by") ? this.#list(() => this.#ordering()) : [];
    this.#need(")");
    return { partitionBy, orderBy };
  }
  #filter(): Expr | undefined {
    if (!this.#take("filter", "(", "where")) return undefined;
    const condition = this.expr();
    this.#need(")");
    return condition;
  }
  #case(): Expr {
    const whens: [Expr, Expr][] = [];
    const operand = this.#is("when") ? undefined : this.expr();
    while (this.#take("when")) {
      const when = this.expr();
      this.#need("then");
      whens.push([operand ? { k: "binary", op: "=", left: operand, right: when } : when, this.expr()]);
    }
    const otherwise = this.#take("else") ? this.expr() : undefined;
    this.#need("end");
    return { k: "case", whens, otherwise };
  }
}

function nameOf(expr: Expr): string {
  if (expr.k === "column") return expr.name;
  if (expr.k === "cast") return nameOf(expr.of);
  if (expr.k === "call") return expr.name;
  return "?column?";
}
