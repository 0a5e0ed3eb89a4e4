// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { server } from "../index";

export = server;
