/** As much as the tests use of packages that come without types. */

declare module "websocket" {
  import type { EventEmitter } from "node:events";
  import type { IncomingMessage, Server as HttpServer } from "node:http";
  import type { Socket } from "node:net";

  export type Message =
    | { readonly type: "utf8"; readonly utf8Data: string }
    | { readonly type: "binary"; readonly binaryData: Buffer };

  export interface Connection
    extends EventEmitter<{
      message: [Message];
      pong: [Buffer];
      close: [code: number, reason: string];
      error: [Error];
    }> {
    readonly protocol: string | undefined;
    readonly maskBytes: Buffer;
    readonly frameHeader: Buffer;
    readonly config: object;
    readonly socket: Socket;
    sendUTF(text: string, sent?: () => void): void;
    sendBytes(bytes: Buffer, sent?: () => void): void;
    sendFrame(frame: Frame): void;
    ping(payload: string): void;
    close(code?: number, reason?: string): void;
    pause(): void;
    resume(): void;
  }

  export interface Frame {
    opcode: number;
    fin: boolean;
    binaryPayload: Buffer;
  }

  export interface Client extends EventEmitter<{ connect: [Connection]; connectFailed: [Error] }> {
    connect(url: string, subprotocols: readonly string[], origin: string | undefined): void;
  }

  export interface ClientOptions {
    readonly webSocketVersion: 13 | 8;
    readonly maxReceivedFrameSize: number;
    readonly maxReceivedMessageSize: number;
  }

  export interface Request {
    readonly httpRequest: IncomingMessage;
    readonly requestedProtocols: readonly string[];
    readonly origin: string | undefined;
    accept(subprotocol: string | undefined, origin: string | undefined): Connection;
    reject(statusCode: number, reason: string, headers: Readonly<Record<string, string>>): void;
  }

  export interface ServerOptions {
    readonly httpServer: HttpServer;
    readonly autoAcceptConnections: boolean;
    readonly maxReceivedFrameSize: number;
    readonly maxReceivedMessageSize: number;
  }

  const websocket: {
    readonly client: new (options: ClientOptions) => Client;
    readonly server: new (options: ServerOptions) => EventEmitter<{ request: [Request] }>;
    readonly frame: new (maskBytes: Buffer, frameHeader: Buffer, config: object) => Frame;
  };
  export default websocket;
}

declare module "express" {
  import type { Server } from "node:http";

  interface Response {
    send(body: string): void;
  }
  interface Application {
    get(path: string, handler: (request: unknown, response: Response) => void): void;
    listen(port: number, host: string, listening: (error?: Error) => void): Server;
  }
  export default function express(): Application;
}
