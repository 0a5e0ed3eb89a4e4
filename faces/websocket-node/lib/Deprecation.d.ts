// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { deprecation } from "../index";

export = deprecation;
