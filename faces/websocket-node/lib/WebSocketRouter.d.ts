import { router } from "../index";

export = router;
