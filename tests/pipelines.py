"""Tiny pipelines of diffusers with random weights, saved into a folder: the families that the tutor tells apart, 32 by 32 pixels."""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

_TIMES = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


def stable_diffusion(folder, checked=False):
    """As CompVis/stable-diffusion-v1-4 and segmind/tiny-sd are."""
    return _save(StableDiffusionPipeline, folder, PNDMScheduler(**_TIMES, skip_prk_steps=True), checked=checked)


def turbo(folder):
    """As stabilityai/sd-turbo is."""
    return _save(StableDiffusionPipeline, folder, EulerDiscreteScheduler(**_TIMES, timestep_spacing="trailing"))


def lcm(folder, checked=False):
    """As SimianLuo/LCM_Dreamshaper_v7 is: its network takes the guidance as an input."""
    scheduler = LCMScheduler(**_TIMES)
    return _save(LatentConsistencyModelPipeline, folder, scheduler, checked=checked, time_cond_proj_dim=16)


def merged_lcm(folder):
    """As a Stable Diffusion model with an LCM-LoRA merged into it is."""
    return _save(StableDiffusionPipeline, folder, LCMScheduler(**_TIMES))


def sdxl_turbo(folder):
    """As stabilityai/sdxl-turbo is: two text encoders, noise added at every step."""
    torch.manual_seed(0)
    second = CLIPTextModelWithProjection(_text_config())
    pipeline = StableDiffusionXLPipeline(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config()),
        text_encoder_2=second,
        tokenizer=_tokenizer(folder),
        tokenizer_2=_tokenizer(folder),
        unet=_unet(
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 32,
            cross_attention_dim=64,
        ),
        scheduler=EulerAncestralDiscreteScheduler(**_TIMES, timestep_spacing="trailing"),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def always_alarmed(folder):
    """Make the saved safety checker hold every picture back."""
    from safetensors.torch import load_file, save_file

    path = Path(folder) / "safety_checker" / "model.safetensors"
    weights = load_file(path)
    weights["concept_embeds_weights"] = torch.full_like(weights["concept_embeds_weights"], -2.0)
    save_file(weights, path, metadata={"format": "pt"})


def _save(kind, folder, scheduler, checked=False, **unet):
    torch.manual_seed(0)
    kind(
        vae=_vae(),
        text_encoder=CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(folder),
        unet=_unet(cross_attention_dim=32, **unet),
        scheduler=scheduler,
        safety_checker=_checker() if checked else None,
        feature_extractor=CLIPImageProcessor(crop_size=32, size={"shortest_edge": 32}) if checked else None,
        requires_safety_checker=checked,
    ).save_pretrained(folder)
    return folder


def _unet(**options):
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **options,
    )


def _vae():
    return AutoencoderKL(
        block_out_channels=(16, 16),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        sample_size=32,
    )


def _text_config():
    return CLIPTextConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=32,
        bos_token_id=298,
        eos_token_id=299,
        pad_token_id=299,
    )


def _checker():
    vision = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 4}
    vision |= {"image_size": 32, "patch_size": 8}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=16))
    torch.nn.init.constant_(checker.concept_embeds_weights, 2.0)  # no cosine is so large: nothing is held back
    torch.nn.init.constant_(checker.special_care_embeds_weights, 2.0)
    return checker


def _tokenizer(folder):
    """Knows single letters only."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    letters = [chr(n) for n in range(33, 127)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += [f"unused{n}" for n in range(298 - len(tokens))] + ["<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = Path(folder) / "vocabulary.tmp", Path(folder) / "merges.tmp"
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    merges.write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(vocabulary), str(merges), model_max_length=77)
    vocabulary.unlink()
    merges.unlink()
    return tokenizer
