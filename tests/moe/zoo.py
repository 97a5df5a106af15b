"""Tiny checkpoints of many mixture-of-experts architectures, random weights, saved by transformers."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

HIDDEN, CHANNELS, EXPERTS, LAYERS = 64, 96, 8, 2

COMMON = {
    "vocab_size": 128,
    "hidden_size": HIDDEN,
    "intermediate_size": CHANNELS,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 2048,
    "num_experts_per_tok": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LATENT_ATTENTION = {
    "num_key_value_heads": 4,
    "kv_lora_rank": 16,
    "q_lora_rank": 32,
    "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
    "n_group": 2,
    "topk_group": 1,
}
ROUTED = {"n_routed_experts": EXPERTS, "moe_intermediate_size": CHANNELS, "n_shared_experts": 1}

ARCHITECTURES: dict[str, dict[str, object]] = {
    "mixtral": {"num_local_experts": EXPERTS},
    "qwen2_moe": {
        "num_experts": EXPERTS,
        "moe_intermediate_size": CHANNELS,
        "shared_expert_intermediate_size": CHANNELS,
    },
    "qwen3_moe": {"num_experts": EXPERTS, "moe_intermediate_size": CHANNELS},
    "olmoe": {"num_experts": EXPERTS},
    "flex_olmo": {"num_experts": EXPERTS},
    "granitemoe": {"num_local_experts": EXPERTS},
    "granitemoeshared": {"num_local_experts": EXPERTS, "shared_intermediate_size": CHANNELS},
    "phimoe": {"num_local_experts": EXPERTS},
    "minimax": {"num_local_experts": EXPERTS, "layer_types": ["full_attention"] * LAYERS},
    "minimax_m2": {"num_local_experts": EXPERTS},
    "gpt_oss": {"num_local_experts": EXPERTS, "layer_types": ["sliding_attention", "full_attention"]},
    "deepseek_v2": {**ROUTED, **LATENT_ATTENTION, "first_k_dense_replace": 1, "topk_method": "greedy"},
    "deepseek_v3": {**ROUTED, **LATENT_ATTENTION, "first_k_dense_replace": 1},
    "glm4_moe": {**ROUTED, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1},
    "dots1": {**ROUTED, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1},
    "ernie4_5_moe": {
        "moe_num_experts": EXPERTS,
        "moe_intermediate_size": CHANNELS,
        "moe_k": 2,
        "moe_num_shared_experts": 1,
        "moe_layer_start_index": 1,
    },
    "hunyuan_v1_moe": {"num_experts": EXPERTS, "moe_topk": 2},
    "lfm2_moe": {
        "num_experts": EXPERTS,
        "moe_intermediate_size": CHANNELS,
        "num_dense_layers": 1,
        "layer_types": ["conv", "full_attention"],
    },
    "jamba": {
        "num_experts": EXPERTS,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "mamba_d_state": 4,
        "mamba_dt_rank": 8,
    },
}


def save_tiny(architecture: str, folder: Path, dtype: torch.dtype = torch.float32, **other: object) -> Path:
    """Save a checkpoint of several shards into ``folder`` and return it."""
    torch.manual_seed(7)
    config = AutoConfig.for_model(architecture, **{**COMMON, **ARCHITECTURES[architecture], **other})
    model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:  # wide enough that a swapped half or a lost bias shows in the logits
                parameter.normal_(0, 0.5 / parameter.shape[-1] ** 0.5 if "embed" not in name else 1.0)
            elif "bias" in name:
                parameter.normal_(0, 0.1)
    model.save_pretrained(folder, max_shard_size="200KB")
    return folder
