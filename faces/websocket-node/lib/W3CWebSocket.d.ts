// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { w3cwebsocket } from "../index";

export = w3cwebsocket;
