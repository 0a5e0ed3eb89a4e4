// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { frame } from "../index";

export = frame;
