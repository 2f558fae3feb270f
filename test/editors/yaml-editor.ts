import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  type CompletionItem,
  type CompletionList,
  CompletionRequest,
  ConfigurationRequest,
  type Diagnostic,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type MarkupContent,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node.js";

const PROGRAM = fileURLToPath(
  new URL("../../node_modules/yaml-language-server/bin/yaml-language-server", import.meta.url),
);

/** An editor's settings without anything else: no network, no schemas but the one that a file names. */
const SETTINGS: Readonly<Record<string, unknown>> = {
  yaml: {
    validate: true,
    hover: true,
    completion: true,
    schemaStore: { enable: false },
    kubernetesCRDStore: { enable: false },
  },
  http: { proxy: "http://127.0.0.1:1", proxyStrictSSL: true },
  "[yaml]": {},
};

/** yaml-language-server as editors run it, over stdio. */
export class YamlEditor {
  readonly #process: ChildProcess;
  readonly #connection: ProtocolConnection;
  readonly #told = new Map<string, readonly Diagnostic[]>();
  #opened = 0;

  static async open(): Promise<YamlEditor> {
    const editor = new YamlEditor();
    await editor.#start();
    return editor;
  }

  private constructor() {
    this.#process = spawn(process.execPath, [PROGRAM, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    const { stdin, stdout } = this.#process;
    if (!stdin || !stdout) throw new Error("the language server has no pipes");
    this.#connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
  }

  async #start(): Promise<void> {
    const connection = this.#connection;
    connection.onRequest(ConfigurationRequest.type, ({ items }) =>
      items.map(({ section = "" }) => SETTINGS[section] ?? {}),
    );
    connection.onRequest("client/registerCapability", () => {});
    connection.onNotification(
      PublishDiagnosticsNotification.type,
      ({ uri, diagnostics }) => void this.#told.set(uri, diagnostics),
    );
    connection.listen();
    await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { documentationFormat: ["markdown"] } },
          hover: { contentFormat: ["markdown"] },
          publishDiagnostics: {},
        },
      },
    });
    await connection.sendNotification(InitializedNotification.type, {});
  }

  /**
   * Opens a text as if it were a file of its own in the folder.
   * @param marked with one `|CURSOR|`, or none
   */
  async document(folder: string, marked: string): Promise<YamlDocument> {
    const offset = marked.indexOf("|CURSOR|");
    const text = marked.replace("|CURSOR|", "");
    const before = marked.slice(0, Math.max(offset, 0)).split("\n");
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
    const uri = pathToFileURL(join(folder, `edited-${++this.#opened}.yaml`)).href;
    const textDocument = { uri, languageId: "yaml", version: 1, text };
    await this.#connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    const at = { textDocument: { uri }, position };
    return {
      diagnostics: () => this.#told.get(uri),
      complete: async () => itemsOf(await this.#connection.sendRequest(CompletionRequest.type, at)),
      hover: async () => {
        const hover = await this.#connection.sendRequest(HoverRequest.type, at);
        return hover ? (hover.contents as MarkupContent).value : "";
      },
      close: () => this.#connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } }),
    };
  }

  async close(): Promise<void> {
    await this.#connection.sendRequest(ShutdownRequest.type);
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.#connection.sendNotification(ExitNotification.type);
    await ended;
    this.#connection.dispose();
  }
}

export interface YamlDocument {
  /** Undefined until the server has looked at it. */
  diagnostics(): readonly Diagnostic[] | undefined;
  complete(): Promise<readonly CompletionItem[]>;
  /** Markdown. */
  hover(): Promise<string>;
  close(): Promise<void>;
}

const itemsOf = (answer: CompletionItem[] | CompletionList | null): readonly CompletionItem[] =>
  answer === null ? [] : "items" in answer ? answer.items : answer;
