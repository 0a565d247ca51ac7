// A client made of the packages that VS Code's own client is made of. Prints what the server answers as JSON.
const { spawn } = require("node:child_process");
const rpc = require("vscode-jsonrpc/node");
const { createProtocolConnection, StreamMessageReader, StreamMessageWriter } = require("vscode-languageserver-protocol/node");

const [python, text] = process.argv.slice(2);
const uri = "file:///nets/net.yaml";
const server = spawn(python, ["-m", "cnncalc", "server"], { stdio: ["pipe", "pipe", "inherit"] });
const connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));

const published = new Promise((resolve) => {
  connection.onNotification("textDocument/publishDiagnostics", (params) => resolve(params.diagnostics));
});

async function main() {
  connection.listen();
  const started = await connection.sendRequest("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
  await connection.sendNotification("initialized", {});
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "yaml", version: 1, text },
  });
  const textDocument = { uri };
  const diagnostics = await published;
  const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
  const hints = await connection.sendRequest("textDocument/inlayHint", { textDocument, range });
  const hover = await connection.sendRequest("textDocument/hover", { textDocument, position: diagnostics[0].range.start });
  const completion = await connection.sendRequest("textDocument/completion", { textDocument, position: { line: 2, character: 5 } });
  const actions = await connection.sendRequest("textDocument/codeAction", {
    textDocument,
    range: diagnostics[0].range,
    context: { diagnostics },
  });
  const cancelled = new rpc.CancellationTokenSource();
  cancelled.cancel();
  const late = await connection.sendRequest("textDocument/documentSymbol", { textDocument }, cancelled.token).catch((error) => error.code);
  console.log(JSON.stringify({ capabilities: started.capabilities, diagnostics, hints, hover, completion, actions, late: typeof late }));
  await connection.sendRequest("shutdown");
  await connection.sendNotification("exit");
  connection.dispose();
}

main().then(
  () => server.on("exit", (status) => process.exit(status)),
  (error) => {
    console.error(error);
    server.kill();
    process.exit(1);
  },
);
