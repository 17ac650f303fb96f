// Prints what llama.cpp would allocate for a model, without reading its weights: one line a kind of buffer with its name
// and the bytes of weights, caches and compute buffer. Arguments are pairs of a name and a value: see README.md.
#include "ggml-backend.h"
#include "ggml-rpc.h"
#include "llama.h"
#include "llama-ext.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

static std::map<std::string, std::string> options;

static std::string text(const char * name, const char * otherwise) {
    auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
}
static int number(const char * name, int otherwise) {
    return std::atoi(text(name, std::to_string(otherwise).c_str()).c_str());
}
static ggml_type type_of(const std::string & name) {
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        if (name == ggml_type_name((ggml_type) i)) return (ggml_type) i;
    }
    std::fprintf(stderr, "unknown type %s\n", name.c_str());
    std::exit(2);
}
static void quiet(ggml_log_level level, const char * message, void *) {
    if (level == GGML_LOG_LEVEL_ERROR) std::fputs(message, stderr);
}

int main(int argc, char ** argv) {
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    llama_log_set(quiet, nullptr);
    for (std::string rest = text("rpc", ""); !rest.empty();) {
        auto cut = rest.find(',');
        ggml_backend_register(ggml_backend_rpc_add_server(rest.substr(0, cut).c_str()));
        rest = cut == std::string::npos ? "" : rest.substr(cut + 1);
    }
    auto mparams = llama_model_default_params();
    mparams.no_alloc = true;
    mparams.load_mode = LLAMA_LOAD_MODE_NONE;
    mparams.n_gpu_layers = number("ngl", -1);
    auto * model = llama_model_load_from_file(text("model", "").c_str(), mparams);
    if (!model) return 1;

    auto cparams = llama_context_default_params();
    cparams.n_seq_max     = number("sequences", 1);
    cparams.n_ctx         = number("context", 4096);
    cparams.n_ubatch      = number("ubatch", 512);
    cparams.n_batch       = number("batch", 2048);
    if (cparams.n_batch < cparams.n_ubatch) cparams.n_batch = cparams.n_ubatch;
    cparams.n_outputs_max = number("outputs", cparams.n_seq_max);
    cparams.kv_unified    = number("unified", 0) != 0;
    cparams.swa_full      = number("swa_full", 0) != 0;
    cparams.embeddings    = number("embeddings", 0) != 0;
    cparams.type_k        = type_of(text("kv", "f16"));
    cparams.type_v        = type_of(text("kv_v", text("kv", "f16").c_str()));
    cparams.flash_attn_type = number("flash", 1) ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    auto * ctx = llama_init_from_model(model, cparams);
    if (!ctx) return 1;
    for (const auto & [buffer, bytes] : llama_get_memory_breakdown(ctx)) {
        std::printf("%s %zu %zu %zu\n", ggml_backend_buft_name(buffer), bytes.model, bytes.context, bytes.compute);
    }
    std::fflush(stdout);
    std::_Exit(0);
}
