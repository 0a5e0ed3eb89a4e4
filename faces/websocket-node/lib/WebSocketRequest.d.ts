// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { request } from "../index";

export = request;
