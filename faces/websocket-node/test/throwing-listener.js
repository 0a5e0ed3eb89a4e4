// A program of its own, because the test runner takes uncaught exceptions for failures.
const { createServer } = require("node:http");
const { server: Server, client: Client } = require("../index.js");

process.on("uncaughtException", (error) => console.log("uncaught", error.message));
const httpServer = createServer().listen(0, "127.0.0.1", () => {
  new Server({ httpServer, autoAcceptConnections: true }).on("connect", (connection) => {
    connection.once("message", () => {
      connection.on("message", ({ utf8Data }) => {
        console.log(utf8Data);
        connection.close();
        httpServer.close();
      });
      throw new Error("mine");
    });
  });
  const client = new Client();
  client.on("connect", (connection) => {
    connection.sendUTF("first");
    connection.sendUTF("second");
  });
  client.connect(`ws://127.0.0.1:${httpServer.address().port}/`);
});
