// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { client } from "../index";

export = client;
