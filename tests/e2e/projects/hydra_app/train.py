import logging

import hydra
from hydra.utils import get_original_cwd, to_absolute_path
from omegaconf import OmegaConf


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    print(OmegaConf.to_yaml(cfg))
    print(get_original_cwd(), to_absolute_path("conf"))
    with open(
        f"{hydra.core.hydra_config.HydraConfig.get().runtime.output_dir}/model.txt", "w"
    ) as file:
        file.write(str(cfg.model.layers))
    logging.getLogger("train").debug("not shown")


if __name__ == "__main__":
    main()
