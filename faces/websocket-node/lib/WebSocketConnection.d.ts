// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { connection } from "../index";

export = connection;
