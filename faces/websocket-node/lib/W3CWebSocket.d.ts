import { w3cwebsocket } from "../index";

export = w3cwebsocket;
