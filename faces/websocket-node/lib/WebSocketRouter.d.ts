// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
import { router } from "../index";

export = router;
